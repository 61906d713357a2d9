//! Shell of the control plane.

mod signature;
