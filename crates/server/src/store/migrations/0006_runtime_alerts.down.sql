DROP TABLE runtime_alerts;
