//! The registry over real databases and a real Redis.

mod publishing;
mod redis;
mod remote;
mod support;
