package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Job is one URL.
type Job struct {
	URL       string   `json:"u"`
	Name      string   `json:"f,omitempty"` // further elements of the object's key; "": none
	Hash      Hash     `json:"h,omitempty"`
	Size      int64    `json:"s,omitempty"` // bytes, where they are known: any other size is refused, and large files travel alone
	Priority  int      `json:"p,omitempty"` // 0 goes first
	HeaderSet string   `json:"c,omitempty"` // of Worker.HeaderSets: credentials never go through the queue
	Backup    []string `json:"b,omitempty"` // other URLs of the same file
}

// Hash is a digest as littledl.WithIntegrity takes it: "sha256:HEX", or "sha384-BASE64".
type Hash string

// item is a job with its number, by which all know it.
type item struct {
	N int64 `json:"n"`
	Job
}

// pack is a message of the queue: one write, one fsync and one acknowledgement for many small files.
type pack struct {
	ID    string `json:"i"` // by which the queue knows that it has it already
	Items []item `json:"j"`
	size  int
}

const (
	packed  = 32        // jobs of a pack
	big     = 5 << 20   // bytes; such a file travels alone
	payload = 256 << 10 // bytes of a message, but for a job that is larger
)

// add takes a job that is so many bytes long, and reports whether the pack is full now.
func (p *pack) add(it item, size int) (full bool) {
	p.Items = append(p.Items, it)
	p.size += size
	return len(p.Items) == packed || p.size >= payload
}

// encode leaves & as it is, which URLs are full of.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}

// Key is the name of a job's object: a function of its batch and number.
func Key(batch string, n int64, name string) string {
	key := batch + "/" + digits(n/1000, 6) + "/" + digits(n, 9)
	if name != "" {
		key += "/" + name
	}
	return key
}

func digits(n int64, least int) string {
	s := strconv.FormatInt(n, 10)
	return strings.Repeat("0", max(least-len(s), 0)) + s
}

func (j *Job) check() error {
	if n := j.Name; n != "" && (!fs.ValidPath(n) || n == "." || strings.ContainsAny(n, "\\\x00") || len(n) > 512) {
		return fmt.Errorf("cluster: name %.100q; it is a relative path with slashes and without dots", n)
	}
	return nil
}

// Origin is scheme, host and port of a URL, as DownloadConfig.AcquireHost has it; "" if it has none.
func Origin(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return ""
	}
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

func hash64(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// shares is into how many parts the limits of hot hosts are split.
type shares map[string]int

func (s shares) of(origin string) int { return max(s[origin], 1) }

// home is the partition of a job: that of its host, or of one of the host's shares.
func (c *Cluster) home(it item, s shares) int {
	origin := Origin(it.URL)
	return c.partition(origin, int(it.N/packed)%s.of(origin))
}

// partition is where a share of an origin belongs.
func (c *Cluster) partition(origin string, share int) int {
	h := fnv.New64a()
	h.Write([]byte(origin))
	h.Write([]byte{byte(share), byte(share >> 8)})
	return int(h.Sum64() % uint64(c.partitions))
}
