// Package fetch makes HTTP requests whose headers, redirects and addresses are
// under control, and copies answers into files.
//
// net/http forwards headers across ports and from https to http, follows any
// redirect, and resolves addresses unseen. A downloader that is handed URLs and
// credentials by strangers cannot leave that to defaults, so every request of
// the library passes through Client.Do and nothing else sends one. Nor does anything else
// read a URL: what is given and what a server leads to are parsed here, in one way.
package fetch
