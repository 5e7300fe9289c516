//! Rules of our own and those of the CIS benchmark and Trivy that no other rule covers.

mod added;
mod copy_order;
mod downloads;
mod flags;
mod lineage;
mod modes;
mod ports;
mod whole_context;

super::registry! {
    pl1000
    pl1201
    pl1202
    pl1203
    pl1204
    pl1205
    pl1207
    pl1208
    pl1209
    pl1210
    pl1212
    pl1213
    pl1214
    pl1215
    pl1216
    pl1217
    pl1218
    pl1219
    pl1401
}
