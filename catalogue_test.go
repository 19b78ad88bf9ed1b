package littledl_test

// catalogue is what can go wrong with a download, by numbers that the tests use. It is
// what other downloaders were seen, or are known, to get wrong. A case without tests is
// proven by sub-tests that begin with its number; TestCatalogue sees to it that each is
// proven by something.
var catalogue = map[int]faultCase{
	// The first answer, and HEAD.
	1:  {what: "HEAD is refused"},
	2:  {what: "HEAD closes the connection"},
	3:  {what: "HEAD is never answered"},
	4:  {what: "HEAD lies about the size"},
	5:  {what: "no Accept-Ranges, but ranges work"},
	6:  {what: "Accept-Ranges, but ranges are ignored"},
	7:  {what: "one byte is served as a range, no more"},
	8:  {what: "ranges are ignored"},
	9:  {what: "ranges are ignored from some answer on"},
	10: {what: "the file is empty"},
	11: {what: "the size is not told"},
	12: {what: "the file ends where the connection does"},
	13: {what: "and is cut there"},
	14: {what: "floods of 1xx answers"},
	15: {what: "giant headers"},

	// Ranges.
	16: {what: "another place of the file, honestly"},
	17: {what: "its head, whatever was asked"},
	18: {what: "another total size"},
	19: {what: "an end beyond what was asked"},
	20: {what: "a Content-Range that nobody can read"},
	21: {what: "a Content-Range without a total"},
	22: {what: "less than was asked, honestly"},
	23: {what: "a begin before what was asked"},
	24: {what: "a body shorter than its Content-Range"},
	25: {what: "a body longer than its Content-Length"},
	26: {what: "wrong bytes under right headers"},
	27: {what: "multipart to a single range"},
	28: {what: "a part without a length"},
	29: {what: "200 for a part"},
	30: {what: "416 to every range"},
	31: {what: "416 with another size"},
	32: {what: "the part is complete, but was not given its name"},
	33: {what: "offsets beyond 2^31 and 2^32", tests: names("TestBeyond4GiB")},
	34: {what: "a Content-Length that is none"},
	35: {what: "sizes beside the places where files are cut"},

	// Connections.
	36: {what: "resets in the body"},
	37: {what: "an end before the headers"},
	38: {what: "an end before the body's"},
	39: {what: "an end at once, for ever"},
	40: {what: "a byte for each attempt, for ever"},
	41: {what: "a body that stands still"},
	42: {what: "headers that do not come"},
	43: {what: "a byte at a time, but steadily"},
	44: {what: "one slow connection among fast ones", tests: names("TestSlowAmongFast")},
	45: {what: "broken chunks"},
	46: {what: "connections closed between requests"},
	47: {what: "HTTP/2 streams reset, GOAWAY"},
	48: {what: "no name, no route, nobody listening"},
	49: {what: "no network for a while", tests: names("TestOutage")},
	50: {what: "a limit of connections"},
	51: {what: "bad certificates"},
	52: {what: "clocks that are wrong"},
	53: {what: "no descriptors left"},

	// Statuses.
	54: {what: "503"},
	55: {what: "429"},
	56: {what: "a Retry-After of a day"},
	57: {what: "a Retry-After of nonsense"},
	58: {what: "500 and its like"},
	59: {what: "404 and its like"},
	60: {what: "a URL that expires"},
	61: {what: "a redirect that hands out tokens"},
	62: {what: "wrong credentials", tests: names("TestWrongCredentials")},
	63: {what: "a page instead of the file"},
	64: {what: "a page instead of a range"},
	65: {what: "statuses that are no answer"},

	// Which file it is.
	66: {what: "changed while it is fetched"},
	67: {what: "and of another size"},
	68: {what: "and If-Range is ignored"},
	69: {what: "changed, and nothing tells"},
	70: {what: "two versions in turn"},
	71: {what: "another ETag each time"},
	72: {what: "If-Range is disliked", tests: names("TestIfRangeDisliked")},
	73: {what: "a weak ETag"},
	74: {what: "Last-Modified alone"},
	75: {what: "no validators"},
	76: {what: "a malformed ETag"},
	77: {what: "a mirror with another file of the same size", tests: names("TestEnhOneAtATime TestEnhSeam TestEnhLiar TestEnhTrusted")},
	78: {what: "a mirror that is no good"},
	79: {what: "one mirror's bytes are wrong"},
	80: {what: "a digest in a header"},
	81: {what: "gzip although it was not asked for"},
	82: {what: "a .gz that is labelled as encoded"},
	83: {what: "a gzip bomb"},
	84: {what: "another size than expected"},

	// The disk, other processes, crashes.
	85:  {what: "the disk is full"},
	86:  {what: "quotas, read-only file systems, failing disks"},
	87:  {what: "short writes, failures of close and fsync"},
	88:  {what: "killed at any point"},
	89:  {what: "the power is cut"},
	90:  {what: "a broken journal"},
	91:  {what: "a part that somebody touched"},
	92:  {what: "a part without journal, and the reverse"},
	93:  {what: "an unrelated file has the name"},
	94:  {what: "a file that only looks like the one", tests: names("TestCandidateIsProven TestEnhImpostor TestSameIsProven")},
	95:  {what: "two processes, one target"},
	96:  {what: "two tasks, one target", tests: names("TestDuplicateTarget TestCollisions")},
	97:  {what: "a link, a FIFO, a directory has the name"},
	98:  {what: "or the part's name"},
	99:  {what: "a directory swapped for a link"},
	100: {what: "a directory deleted"},
	101: {what: "the file cannot be given its name"},
	102: {what: "ended at any moment", tests: names("TestCancelledAtAnyMoment TestEarlyEnd TestEndWhileNothingMoves TestEnhStopAnywhere")},
	103: {what: "paused and resumed in haste", tests: names("TestPausedAndResumedInHaste TestStoppedWhileStarting TestHurry")},
	104: {what: "a panic in a callback"},
	105: {what: "a callback that blocks", tests: names("TestR10SlowCallback TestCallbacksOneAtATime")},
	106: {what: "many small files, some missing", tests: names("TestManySmallFiles")},

	// Names, redirects, credentials.
	107: {what: "names that lead out of the directory"},
	108: {what: "names that are none"},
	109: {what: "names that another system does not take"},
	110: {what: "names of hidden files, and options"},
	111: {what: "names of parts"},
	112: {what: "names told twice", tests: names("TestNamesInConflict TestNameOrder safename.TestFromDisposition")},
	113: {what: "redirects"},
	114: {what: "redirects without end"},
	115: {what: "redirects to what is no HTTP"},
	116: {what: "redirects from https to http"},
	117: {what: "credentials across origins"},
	118: {what: "a password in the URL", tests: names("TestSecretsStay TestCredentialsAcrossOrigins TestWrongCredentials fetch.TestUserInfo")},
	119: {what: "credentials and mirrors", tests: names("TestEnhCredentials")},
	120: {what: "addresses of private networks", tests: names("TestDenyPrivateNetworks fetch.TestPrivate fetch.TestNamesThatLeadInside fetch.TestRebinding fetch.TestHopsAreDialed")},
	121: {what: "cookies"},
}

// leftOut is what the library does not do, and why. A case that is only here in part
// has tests for the rest.
var leftOut = map[int]string{
	43:  "no option for a least speed: a slow source that is the only one is waited for",
	52:  "jumps of this machine's own clock: timers do not follow it",
	60:  "no callback for a new URL: the one given is resolved again",
	75:  "no option to go on without a validator: such a part is begun anew",
	81:  "no option to decode: it is an error",
	84:  "no option for an expected size: a digest says more",
	96:  "no normalization of Unicode: two spellings of a name are two names",
	116: "no option to leave https",
}

// elsewhere are the cases of crashes, of going on in another process, and of failing
// disks: the tests of this package that prove them, or what of them no other does.
var elsewhere = map[int][]string{
	// ---- to be filled in: names("TestName TestOther") for each ----
	32:  nil,
	61:  nil,                  // the old target is not asked again by another process
	73:  nil,                  // a weak ETag, across processes
	74:  nil,                  // Last-Modified, across processes
	75:  nil,                  // no validators, across processes
	85:  names("TestNoSpace"), // the quick half; at the journal and at publishing it is open
	86:  nil,
	87:  nil,
	88:  nil,
	89:  nil,
	90:  nil,
	91:  nil,
	92:  nil,
	95:  nil,
	101: nil,
	// ---- end ----
}

// rules are what keeps a downloader from being a danger, and what proves it.
var rules = map[int]faultCase{
	1:  {what: "everything happens in one directory handle", tests: names("TestDirectorySwapped TestSubdirectories TestWhereThingsHappen partfile.TestConfined")},
	2:  {what: "of a server's name the last component counts, decoded once", tests: names("TestHostileNames safename.TestFromURL safename.TestFromDisposition")},
	3:  {what: "and that is cleaned, everywhere alike", tests: names("TestHostileNames safename.TestClean safename.FuzzClean")},
	4:  {what: "a caller's name stays below the directory", tests: names("TestBadURLOptions TestSubdirectories safename.TestCheckUser")},
	5:  {what: "no server's file looks like a part", tests: names("TestHostileNames safename.TestClean")},
	6:  {what: "parts are created, not found", tests: names("TestPlantedAtThePart partfile.TestPlantedPart partfile.TestReopenTampered")},
	7:  {what: "nothing is written through a link", tests: names("TestPlantedAtTheName TestDirectorySwapped partfile.TestPlantedTarget")},
	8:  {what: "what others made is not deleted", tests: names("TestForeignFilesStay TestPlantedAtThePart")},
	9:  {what: "nothing is replaced unasked, nor taken for complete by its size", tests: names("TestUnrelatedFile TestOverwritePolicy TestSameIsProven partfile.TestPublishReplacesNothing")},
	10: {what: "http and https, and no way from the second to the first", tests: names("TestBadURLs TestRedirectFaults TestHTTPSIsKept")},
	11: {what: "ten redirects, each looked at, no Referer", tests: names("TestRedirectFaults fetch.TestRedirects fetch.TestRedirectTargets")},
	12: {what: "headers stay at the origin they were given for", tests: names("TestCredentialsAcrossOrigins TestR20CredentialsStayAtHome TestEnhCredentials TestHeaders fetch.TestHeadersStayAtHome fetch.TestHomeIsNotWhereOneIs")},
	13: {what: "user info is a header, and nothing else", tests: names("TestSecretsStay TestUserInfoHoldsForTheOrigin fetch.TestUserInfo")},
	14: {what: "no secret in errors and logs", tests: names("TestSecretsStay TestLogger redact.TestURL redact.TestNoSecretInUnparsable")},
	15: {what: "nor beside the file", tests: names("TestSecretsStay")},
	16: {what: "private networks can be denied, at each dial", tests: names("TestDenyPrivateNetworks fetch.TestPrivate fetch.TestDenyPrivate fetch.TestNamesThatLeadInside fetch.TestRebinding fetch.TestHopsAreDialed")},
	17: {what: "TLS is 1.2 at least, and its errors are final", tests: names("TestCertificates TestTLSErrorsArePermanent TestEnhNobodyListens fetch.TestOldTLS")},
	18: {what: "everything has a limit", tests: names("TestMaxFileSize TestProbeFaults TestBusyServer TestHostileNames TestRedirectFaults fetch.TestEndlessHeader")},
	19: {what: "nothing is decoded", tests: names("TestHeaders TestDigestsAndEncodings")},
	20: {what: "digests are compared as bytes, of known kinds", tests: names("TestHashes TestBadURLOptions digest.TestSums")},
	21: {what: "without a digest, mirrors do not serve at once", tests: names("TestEnhOneAtATime TestEnhSeam")},
	22: {what: "no verdict outlives the bytes it was about", tests: names("TestNoVerdictSurvivesTheBytes TestEnhImpostor")},
	23: {what: "what could not be verified says so", tests: names("TestUnseenCut TestProbeFaults")},
	24: {what: "what is handed out is a copy, and a panic is its caller's", tests: names("TestSnapshotsAreCopies TestPanicInCallback")},
	25: {what: "no word of a server reaches a terminal raw", tests: names("TestHostileAnswers TestHostileNames redact.TestText httprange.TestReasonIsSafeToPrint")},
	26: {what: "no line break in headers and URLs", tests: names("TestInvalidOptions TestBadURLOptions TestBadURLs fetch.TestHeaderSyntax")},
	27: {what: "proxies are the caller's or the environment's", tests: names("TestProxy TestProxyOfTheEnvironment e2e.TestProxies")},
	28: {what: "nothing of the process is touched", tests: names("TestWhereThingsHappen")},
	29: {what: "no file is made executable", tests: names("TestFileModes")},
	31: {what: "a busy host is left alone", tests: names("TestBusyHostIsLeftAlone TestConnectionLimit TestRefusingServer TestR11RetryAfterIsObeyed")},
	32: {what: "no dependencies but these", tests: names("TestDependencies TestInternalImportsDownward")},
}

// rulesLeftOut are those that no test of Go proves.
var rulesLeftOut = map[int]string{
	30: "no marks of quarantine: they are for browsers",
}
