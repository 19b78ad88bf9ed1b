// Package disk brings a file to its name on the disk.
//
// A download has many ways to spoil a disk: it may be killed at any moment, find its name
// taken, by somebody else's file or by its own of yesterday, meet another process that wants
// the same, run out of space, or be told that a complete file is nothing after all. A Target
// is one file on all of this way: it finds what is left of it, or creates it, takes the bytes
// where they belong, verifies them and gives the complete file a name that replaces nothing
// unless it is told to. Nothing here knows where the bytes come from.
//
// Names say nothing: two URLs may end in the same one, a signature in a URL changes from one
// hour to the next, and the same path may be spelled in many ways. So what is left of a file,
// and what is complete, is told apart by keys and marks that follow from its URL.
package disk
