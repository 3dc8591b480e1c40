//! The services of an encoder, in both directions: blocks, batches, snapshots, pools and the rest.

#[path = "../support/calls/mod.rs"]
mod calls;
#[path = "../support/nests.rs"]
mod nests;
#[path = "../support/trees/mod.rs"]
mod trees;

mod accesses;
mod any_calls;
mod batch;
mod block_macro;
mod block_mistakes;
mod block_pair;
mod blocks;
mod cold;
mod conversions;
mod data;
mod faults;
mod late;
mod marks;
mod mistakes;
mod outliving;
mod pool;
mod services;
mod sites;
mod slices;
mod snapshot;
mod snapshot_directions;
mod values;
