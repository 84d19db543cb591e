//! Everything of Behalf that reaches outside this computer.
