//! The service over real gRPC on a loopback port, on SQLite and on PostgreSQL.
