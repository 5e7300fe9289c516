DROP TABLE notices;
DROP TABLE notifiers;
