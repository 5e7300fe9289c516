//! Rules of our own and those of the CIS benchmark and Trivy that no other rule covers.

super::registry! {
    pl1000
    pl1301
    pl1302
    pl1303
    pl1401
}
