//! The table is whole: every operation has its row, and no row is without an operation.

use super::table::{EC2, ELB, STS, ZONAL_SHIFT, needs};
use crate::api::Service;

#[test]
fn every_operation_has_a_row() {
    for (service, rows) in [
        (Service::Ec2, EC2),
        (Service::Elb, ELB),
        (Service::Sts, STS),
        (Service::ZonalShift, ZONAL_SHIFT),
    ] {
        for operation in service.operations() {
            assert!(needs(service, operation).is_some(), "{operation} needs a row in table.rs");
        }
        for (name, _) in rows {
            assert!(service.operations().contains(name), "{name} is no operation");
        }
        assert_eq!(rows.len(), service.operations().len(), "{service:?} has a row twice");
    }
}
