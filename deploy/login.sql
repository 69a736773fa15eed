-- Run once a release after the migrations, by the owner; LOGIN_PASSWORD comes from the environment.
\getenv password LOGIN_PASSWORD
SELECT 'CREATE ROLE throughline_login LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_login') \gexec
ALTER ROLE throughline_login PASSWORD :'password';
GRANT throughline_app TO throughline_login;
