//! The parts of `behalf` that others use too: the sample world.

pub mod sample;
