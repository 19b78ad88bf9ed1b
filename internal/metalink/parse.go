package metalink

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/littledl/littledl/internal/digest"
)

const (
	namespace  = "urn:ietf:params:xml:ns:metalink"
	namespace3 = "http://www.metalinker.org/"
)

// parser goes through a document, element by element.
type parser struct {
	dec   *xml.Decoder
	path  []string // of the element that it is in; "" for those of other namespaces
	text  strings.Builder
	files []File
	names map[string]bool
	file  *file
	url   source
	hash  string // the type of a hash
	part  *pieces
	ended bool // the document's one element has
}

// file is what was read of one.
type file struct {
	name    string
	size    int64
	hash    digest.Sum
	pieces  *digest.Pieces
	sources []source
}

// pieces are those of one algorithm.
type pieces struct {
	digest.Pieces
	known bool // the algorithm is
	sums  []byte
}

func newParser(r io.Reader) *parser {
	return &parser{dec: xml.NewDecoder(r), names: map[string]bool{}}
}

func (p *parser) parse() ([]File, error) {
	for {
		token, err := p.dec.Token()
		switch {
		case errors.Is(err, io.EOF) && p.ended:
			return p.files, nil
		case errors.Is(err, io.EOF):
			return nil, malformed("it is empty")
		case err != nil:
			return nil, malformed("%v", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			if strings.Contains(strings.ToLower(string(t[:min(len(t), 64)])), "html") {
				return nil, errHTML
			}
			return nil, malformed("it has a document type, which could name entities")
		case xml.StartElement:
			err = p.begin(t)
		case xml.EndElement:
			err = p.end()
		case xml.CharData:
			p.text.Write(t)
		}
		if err != nil {
			return nil, err
		}
	}
}

var errHTML = malformed("it is an HTML page, as servers send in place of a file")

// begin is at the beginning of an element.
func (p *parser) begin(t xml.StartElement) error {
	if len(p.path) == 0 {
		if err := p.isRoot(t); err != nil {
			return err
		}
	}
	if len(p.path) == MaxDepth {
		return malformed("more than %d elements are in each other", MaxDepth)
	}
	name := t.Name.Local
	if t.Name.Space != namespace {
		name = ""
	}
	p.path = append(p.path, name)
	p.text.Reset()
	switch p.at() {
	case "metalink/file":
		return p.beginFile(t)
	case "metalink/file/url":
		return p.beginURL(t)
	case "metalink/file/hash":
		p.hash = attribute(t, "type")
	case "metalink/file/pieces":
		return p.beginPieces(t)
	}
	return nil
}

func (p *parser) at() string { return strings.Join(p.path, "/") }

// isRoot refuses what is something else than a document of this kind.
func (p *parser) isRoot(t xml.StartElement) error {
	switch name := t.Name; {
	case p.ended:
		return malformed("something follows its end")
	case strings.EqualFold(name.Local, "html"):
		return errHTML
	case name.Local == "metalink" && (name.Space == namespace3 || strings.HasPrefix(attribute(t, "version"), "3")):
		return malformed("it is Metalink 3; ask for version 4 (RFC 5854), which most servers have as .meta4")
	case name.Local != "metalink" || name.Space != namespace:
		return malformed("it begins with <%.100s> of namespace %.100q", name.Local, name.Space)
	}
	return nil
}

func (p *parser) beginFile(t xml.StartElement) error {
	if len(p.files) == MaxFiles {
		return malformed("it has more than %d files", MaxFiles)
	}
	p.file = &file{name: attribute(t, "name"), size: -1}
	return nil
}

func (p *parser) beginURL(t xml.StartElement) (err error) {
	p.url = source{priority: math.MaxInt32, location: strings.ToLower(attribute(t, "location"))}
	if text := attribute(t, "priority"); text != "" {
		if p.url.priority, err = strconv.Atoi(text); err != nil || p.url.priority < 1 || p.url.priority > 999999 {
			return malformed("a priority of %.100q, which is to be from 1 to 999999", text)
		}
	}
	return nil
}

func (p *parser) beginPieces(t xml.StartElement) error {
	p.part = &pieces{Pieces: digest.Pieces{Algorithm: algorithm(attribute(t, "type"))}}
	_, err := digest.Size(p.part.Algorithm)
	p.part.known = err == nil
	if p.part.Length, err = strconv.ParseInt(attribute(t, "length"), 10, 64); err != nil || p.part.Length < 1 {
		return malformed("pieces of a length of %.100q", attribute(t, "length"))
	}
	return nil
}

// end is at the end of an element.
func (p *parser) end() (err error) {
	text := strings.TrimSpace(p.text.String())
	p.text.Reset()
	switch f := p.file; p.at() {
	case "metalink":
		p.ended = true
	case "metalink/file":
		err = p.endFile()
	case "metalink/file/size":
		if f.size >= 0 {
			return malformed("%.100q has several sizes", f.name)
		}
		if f.size, err = strconv.ParseInt(text, 10, 64); err != nil || f.size < 0 {
			return malformed("%.100q has a size of %.100q", f.name, text)
		}
	case "metalink/file/hash":
		err = p.endHash(text)
	case "metalink/file/url":
		if scheme, _, _ := strings.Cut(strings.ToLower(text), ":"); scheme == "http" || scheme == "https" {
			p.url.url = text
			f.sources = append(f.sources, p.url)
		}
	case "metalink/file/pieces/hash":
		if p.part.known {
			sum, err := digest.Parse(p.part.Algorithm, text)
			if err != nil {
				return malformed("%.100q: a piece: %v", f.name, err)
			}
			p.part.sums = append(p.part.sums, sum.Bytes...)
		}
	case "metalink/file/pieces":
		if p.part.known && (f.pieces == nil || p.part.Strength() > f.pieces.Strength()) {
			p.part.Sums = string(p.part.sums)
			f.pieces = &p.part.Pieces
		}
	}
	p.path = p.path[:len(p.path)-1]
	return err
}

func (p *parser) endFile() error {
	f, err := p.file.finish()
	if err != nil {
		return err
	}
	if p.names[f.Name] {
		return malformed("%.100q is there twice", f.Name)
	}
	p.names[f.Name] = true
	p.files = append(p.files, f)
	return nil
}

// endHash takes in a digest of the whole file.
func (p *parser) endHash(text string) error {
	kind := algorithm(p.hash)
	if _, err := digest.Size(kind); err != nil { // others may know it
		return nil
	}
	sum, err := digest.Parse(kind, text)
	if err != nil {
		return malformed("%.100q: %v", p.file.name, err)
	}
	both, ok := p.file.hash.And(sum)
	if !ok {
		return malformed("%.100q has two different %s hashes", p.file.name, kind)
	}
	p.file.hash = both
	return nil
}

// algorithm is a hash function under the name that we have for it.
func algorithm(name string) string { return strings.ReplaceAll(strings.ToLower(name), "-", "") }

// attribute is one that belongs to no other namespace; "": it is not there.
func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
