// Package littledl downloads many files over HTTP, quickly and without a wrong
// byte.
//
// A program that fetches more than one file soon meets everything at once: ten
// thousand small files that are all latency, one large one that a single
// connection cannot fill the line with, a server that allows six requests and
// refuses the seventh, a connection that crawls, a file that changes halfway, a
// cable that is pulled for ten seconds. This package is the part that deals
// with that, so that the program does not have to:
//
//	results, err := littledl.BatchDownload(ctx, urls, "downloads")
//
// # How it works
//
// Files wait in a queue by priority, small ones first. The first GET of a file is
// its probe: it asks for the first 5 MiB, so a small file is whole in one round
// trip, and the headers of a large one show its size and version, upon which more
// connections join. A connection that runs dry takes over part of what the slowest
// has left; one far below its siblings is replaced. Every single answer is
// checked (status, range, size, validator, encoding) before a byte of it is
// written, and a file gets its name only when it is complete.
//
// # What is not guaranteed
//
// A server that sends other bytes under the right headers can only be found out
// with WithHash. A file whose length the server never tells is accepted as its body
// ends; FileTask.LengthVerified is false then. Without Durable, a power cut may
// lose files that were already reported.
//
// # Going on
//
// What an interrupted transfer of more than 5 MiB has fetched stays beside the target,
// as NAME.<key>.ldpart with a journal NAME.<key>.ldjournal, for the next Start or
// another process that wants the same URL (or the same WithFilename) there. It is used
// if the server still has the same version, by a strong validator (RFC 9110 section
// 8.8) or a digest that was given, and as far as it reads back as it was noted.
// DisableResume begins clean.
//
// # Coming from Python
//
// Names are those of the Python package littledl, one for one:
//
//	Python                                      Go
//	batch_download_sync(urls, save_path)        BatchDownloadSync(urls, savePath)
//	await batch_download(urls, save_path)       BatchDownload(ctx, urls, savePath)
//	BatchDownloader(max_concurrent_files=5,     NewBatchDownloader(WithMaxConcurrentFiles(5),
//	    max_concurrent_chunks_per_file=4,           WithMaxConcurrentChunksPerFile(4),
//	    enable_adaptive_concurrency=True,           WithAdaptiveConcurrency(true),
//	    enable_small_file_priority=True,            WithSmallFilePriority(true),
//	    config=DownloadConfig(...))                 WithConfig(DownloadConfig{...}))
//	await d.add_url(url, save_path=...,         d.AddURL(url, WithSavePath(...),
//	    filename=..., priority=0)                   WithFilename(...), WithPriority(0))
//	await d.add_urls(urls, save_path)           d.AddURLs(urls, savePath)
//	d.set_progress_callback(fn)                 d.SetProgressCallback(fn)
//	d.set_file_complete_callback(fn)            d.SetFileCompleteCallback(fn)
//	await d.start()                             d.Start(ctx)
//	await d.pause(), resume(), cancel(), stop() d.Pause(), Resume(), Cancel(), Stop()
//	d.get_task(task_id)                         d.GetTask(taskID)
//	d.get_all_tasks()                           d.GetAllTasks()
//	d.get_progress()                            d.GetProgress()
//	d.get_stats()                               d.GetStats()
//	FileTask.status == FileTaskStatus.COMPLETED FileTask.Status == StatusCompleted
//	EnhancedBatchDownloader(                    NewEnhancedBatchDownloader(
//	    max_total_threads=15,                       WithMaxTotalThreads(15),
//	    small_file_threshold=1048576,               WithSmallFileThreshold(1<<20),
//	    enable_existing_file_reuse=True,            WithExistingFileReuse(true),
//	    enable_multi_source=True,                   WithMultiSource(true),
//	    enable_adaptive_speed=True)                 WithAdaptiveSpeed(true))
//	await d.add_url(url, backup_urls=[...])     d.AddURL(url, WithBackupURLs(...))
//	d.get_file_reuse_stats()                    d.GetFileReuseStats()
//	StrategySelector(...).select_style(...)     NewStrategySelector(...), SelectStyle
//	DynamicStyleAllocator(...)                  NewDynamicStyleAllocator(sel, files, chunks)
//
// Sizes are bytes and speeds bytes per second, as there; times are time.Duration,
// failures are errors, and Start blocks, so it needs no event loop.
package littledl

// version is what the default User-Agent says.
const version = "1.0"
