//! The table of a service's operations, written once for all services.

/// Defines the operations: their names on the wire, and the modules that do them.
macro_rules! actions {
    ($($name:ident => $module:ident,)*) => {
        $(mod $module;)*

        /// The names of the operations.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)*];

        /// Runs the operation that the request names; nothing if there is no such one.
        pub(super) async fn run(
            call: &$crate::api::Call<'_>,
        ) -> Option<(&'static str, Result<$crate::query::Xml, $crate::query::Fault>)> {
            Some(match call.action() {
                $(stringify!($name) => (stringify!($name), $module::run(call).await),)*
                _ => return None,
            })
        }
    };
}

pub(crate) use actions;
