package reuse_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/reuse"
)

var newer = httprange.Pin{Size: 9, ETag: `"f"`, LastModified: pin.LastModified}

// TestSame: what proves that a file is what a source has now, and what does not.
func TestSame(t *testing.T) {
	unsized := httprange.Pin{Size: -1, ETag: pin.ETag, LastModified: pin.LastModified}
	var none digest.Sum
	for what, c := range map[string]struct {
		there  string
		marked *httprange.Pin
		v      reuse.Version
		trust  bool
		same   bool
	}{
		"its mark":                {"the bytes", &pin, reuse.Version{URL: origin, Pin: pin}, false, true},
		"its mark, size not told": {"the bytes", &pin, reuse.Version{URL: origin, Pin: unsized}, false, true},
		"another version":         {"the bytes", &pin, reuse.Version{URL: origin, Pin: newer}, false, false},
		"another URL":             {"the bytes", &pin, reuse.Version{URL: other, Pin: pin}, false, false},
		"no mark":                 {"the bytes", nil, reuse.Version{URL: origin, Pin: pin}, false, false},
		"its time, trusted":       {"the bytes", nil, reuse.Version{URL: other, Pin: pin}, true, true},
		"another size, trusted":   {"the byte", nil, reuse.Version{URL: other, Pin: pin}, true, false},
		"no size, trusted":        {"the bytes", nil, reuse.Version{URL: other, Pin: unsized}, true, false},
		"its digest":              {"the bytes", nil, reuse.Version{URL: other, Pin: newer, Digest: sumOf("the bytes")}, false, true},
		"a digest told":           {"the bytes", &pin, reuse.Version{URL: origin, Pin: newer, Told: sumOf("the bytes")}, false, true},
		"another told":            {"the bytes", &pin, reuse.Version{URL: origin, Pin: pin, Told: sumOf("the bites")}, true, false},
		"told of what is theirs":  {"the bytes", nil, reuse.Version{URL: origin, Pin: pin, Told: sumOf("the bytes")}, false, false},
		"a digest counts more":    {"the bytes", &pin, reuse.Version{URL: origin, Pin: pin, Digest: sumOf("the bites")}, true, false},
		"nothing is said":         {"the bytes", nil, reuse.Version{URL: origin, Pin: httprange.Pin{Size: 9}, Digest: none}, true, false},
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t)
			b.trust = c.trust
			if c.marked != nil {
				b.plant(wanted, c.there, origin, *c.marked)
			} else {
				b.plant(wanted, c.there, nil, pin)
			}
			target := b.target(disk.Want{})
			f := b.finder(target)
			info, err := target.Stat(wanted)
			require.NoError(t, err)
			require.Equal(t, c.same, f.Same(t.Context(), wanted, info, c.v))
			require.Equal(t, c.same, f.Same(t.Context(), wanted, info, c.v))
			require.EqualValues(t, 1, b.stats.Checks.Load(), "it is one file")
		})
	}
	b := newBed(t)
	b.plant("dir/"+wanted, "the bytes", nil, pin)
	target := b.target(disk.Want{})
	info, err := target.Stat("dir")
	require.NoError(t, err)
	b.trust = true
	require.False(t, b.finder(target).Same(t.Context(), "dir", info, reuse.Version{URL: origin, Pin: httprange.Pin{Size: info.Size()}}), "no file")
}

// planted is a file that is there.
type planted struct {
	name, text string
	from       bool // the URL
}

// TestKnown: what is kept before any body is asked for, and at which price.
func TestKnown(t *testing.T) {
	right := planted{wanted, "the bytes", false}
	none := digest.Sum{}
	for what, c := range map[string]struct {
		there  []planted
		policy disk.Overwrite
		want   disk.Want
		given  digest.Sum
		told   func() (reuse.Told, bool)
		trust  bool
		owned  string
		kept   string
		asked  bool
	}{
		"nothing there":                {given: sumOf("the bytes")},
		"a digest":                     {there: []planted{right}, given: sumOf("the bytes"), kept: wanted},
		"a digest, numbered":           {there: []planted{{wanted, "another", false}, {"a (1).bin", "the bytes", false}}, given: sumOf("the bytes"), kept: "a (1).bin"},
		"a digest, behind its own":     {there: []planted{{"a (1).bin", "another", false}, {"a (2).bin", "the bytes", false}}, want: disk.Want{Number: 1}, given: sumOf("the bytes"), kept: "a (2).bin"},
		"told, behind its own":         {there: []planted{{"a (1).bin", "another", false}, {"a (2).bin", "the bytes", true}}, want: disk.Want{Number: 1}, told: tells(newer, sumOf("the bytes"), ""), kept: "a (2).bin", asked: true},
		"another digest":               {there: []planted{right}, given: sumOf("the bites")},
		"another's of the batch":       {there: []planted{right}, given: sumOf("the bytes"), owned: wanted},
		"to be replaced":               {there: []planted{right}, policy: disk.Replace, given: sumOf("the bytes")},
		"the name is enough":           {there: []planted{{wanted, "anything", false}}, policy: disk.Skip, want: disk.Want{Given: true}, kept: wanted},
		"the name, once told":          {there: []planted{{wanted, "anything", false}}, policy: disk.Skip, told: tells(pin, none, ""), kept: wanted, asked: true},
		"another name is told":         {there: []planted{{wanted, "anything", false}}, policy: disk.Skip, told: tells(pin, none, "b.bin"), asked: true},
		"nobody tells":                 {there: []planted{{wanted, "the bytes", true}}, told: mute, asked: true},
		"a mark":                       {there: []planted{{wanted, "the bytes", true}}, told: tells(pin, none, ""), kept: wanted, asked: true},
		"a mark, numbered":             {there: []planted{{wanted, "another", false}, {"a (1).bin", "the bytes", true}}, told: tells(pin, none, ""), kept: "a (1).bin", asked: true},
		"a mark under the name told":   {there: []planted{{"b.bin", "the bytes", true}}, told: tells(pin, none, "b.bin"), kept: "b.bin", asked: true},
		"a mark under another name":    {there: []planted{{"b.bin", "the bytes", true}}, told: tells(pin, none, ""), asked: true},
		"a mark of another version":    {there: []planted{{wanted, "the bytes", true}}, told: tells(httprange.Pin{Size: 9, ETag: `"f"`}, none, ""), asked: true},
		"unmarked":                     {there: []planted{right}, told: tells(pin, none, ""), asked: true},
		"unmarked, times are trusted":  {there: []planted{right}, told: tells(pin, none, ""), trust: true, kept: wanted, asked: true},
		"a digest is told":             {there: []planted{{wanted, "the bytes", true}}, told: tells(newer, sumOf("the bytes"), ""), kept: wanted, asked: true},
		"a digest is told, unmarked":   {there: []planted{right}, told: tells(pin, sumOf("the bytes"), ""), asked: true},
		"another digest is told":       {there: []planted{{wanted, "the bytes", true}}, told: tells(pin, sumOf("the bites"), ""), trust: true, asked: true},
		"a digest of the second":       {there: []planted{{wanted, "another", false}, {"a (1).bin", "the bytes", true}}, told: tells(newer, sumOf("the bytes"), ""), kept: "a (1).bin", asked: true},
		"in a directory below":         {there: []planted{{"s/" + wanted, "the bytes", false}}, want: disk.Want{Name: "s/" + wanted, Given: true}, given: sumOf("the bytes"), kept: "s/" + wanted},
		"in a directory below, marked": {there: []planted{{"s/" + wanted, "the bytes", true}}, want: disk.Want{Name: "s/" + wanted, Given: true}, told: tells(pin, none, "b.bin"), kept: "s/" + wanted, asked: true},
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t)
			b.policy.Overwrite, b.trust, b.owned[c.owned] = c.policy, c.trust, true
			for _, p := range c.there {
				if p.from {
					b.plant(p.name, p.text, origin, pin)
				} else {
					b.plant(p.name, p.text, nil, pin)
				}
			}
			before := b.files()
			target := b.target(c.want)
			asked := 0
			kept, err := b.finder(target).Known(t.Context(), c.given, func(bool) (reuse.Told, bool) {
				asked++
				return c.told()
			})
			require.NoError(t, err)
			require.Equal(t, c.kept != "", kept)
			require.Equal(t, c.asked, asked == 1)
			if kept {
				require.Equal(t, disk.Published, target.State())
				require.Equal(t, c.kept, target.Name())
				require.EqualValues(t, len(before[c.kept]), target.Published().Size())
			}
			target.Close()
			require.Equal(t, before, b.files())
		})
	}
}

// TestKnownLooksOnce: nothing is looked at twice for one file.
func TestKnownLooksOnce(t *testing.T) {
	b := newBed(t)
	b.plant(wanted, "the bytes", nil, pin)
	_, err := b.finder(b.target(disk.Want{})).Known(t.Context(), digest.Sum{}, func(bool) (reuse.Told, bool) { return tells(pin, digest.Sum{}, "")() })
	require.NoError(t, err)
	require.Equal(t, [3]int64{1, 0, 0}, b.counts(), "it might have been marked")

	target := b.target(disk.Want{})
	f := b.finder(target)
	kept, err := f.Known(t.Context(), sumOf("the bites"), func(bool) (reuse.Told, bool) { return mute() })
	require.NoError(t, err)
	require.False(t, kept)
	info, err := target.Stat(wanted)
	require.NoError(t, err)
	require.False(t, f.Same(t.Context(), wanted, info, reuse.Version{URL: origin, Pin: pin, Digest: sumOf("the bites")}))
	require.Equal(t, [3]int64{2, 0, 0}, b.counts())
}
