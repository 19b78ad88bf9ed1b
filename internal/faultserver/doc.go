// Package faultserver is an HTTP origin for tests that misbehaves as it is told
// and remembers what it was asked. Origins, proxies and networks break a download
// in ways that net/http's own server is too well-behaved to show: it is here that
// they are scripted, one Behaviour each, so that a test reads like the fault it is
// about.
//
// A Server serves files over loopback or over a Net, a network in memory that works
// inside a testing/synctest bubble, where stalls of a minute cost no time:
//
//	synctest.Test(t, func(t *testing.T) {
//		network := faultserver.NewNet()
//		srv := faultserver.Start(t, faultserver.On(network, "files.test:80"))
//		file := srv.File("a.bin", faultserver.Size(20<<20), faultserver.Behave(
//			faultserver.First(2, faultserver.RST(1<<20)), // two GETs break after 1 MiB
//			faultserver.After(5, faultserver.NoRange()),  // the sixth gets 200
//		))
//		// ... download file.URL() with a client that dials by network.DialContext ...
//		require.NoError(t, faultserver.Compare(got, file.Content()))
//		require.LessOrEqual(t, srv.MaxInFlight(), 4)
//		require.Empty(t, srv.HEADs("a.bin"))
//	})
//
// Behaviours wrap each other: the first given sees a request first and its response
// last. Each file has its own counts for First, After and the like.
package faultserver
