//! Thirty-one provinces, a network that loses, delays, doubles, reorders and cuts, provinces that crash and start again from what
//! they kept, and an auditor that looks after every step. Everything follows from a seed.

mod auditor;
mod books;
mod calls;
mod caught;
mod counts;
mod flaws;
mod moves;
mod network;
mod node;
mod rng;
mod seals;
mod seeds;
mod workload;
mod world;
