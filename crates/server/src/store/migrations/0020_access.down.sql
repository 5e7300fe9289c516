DROP TABLE oidc_flows;
DROP TABLE sign_in_failures;
DROP TABLE sessions;
DROP TABLE api_keys;
DROP TABLE team_users;
DROP TABLE teams;
DROP TABLE users;
