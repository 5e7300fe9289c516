DROP TABLE clair_notification_parts;
DROP TABLE clair_notifications;
