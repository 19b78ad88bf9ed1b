// Package cluster downloads one list of URLs with many machines: what is queued survives any of
// them, every object is stored once, and a host sees no more connections than one machine would
// open. It is littledl on NATS JetStream.
//
// Hosts are dealt out to partitions, and a partition has one owner at a time: what a host bears
// is known in one place. The object store decides who was first (it creates and never replaces), so
// queue, leases and results need be no better than at-least-once. A job is its number in its batch:
// totals are one bit a job, which nothing that is told twice can falsify.
package cluster
