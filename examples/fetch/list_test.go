package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommentsInLists(t *testing.T) {
	for line, want := range map[string]string{
		"http://a/x":                  "http://a/x",
		"http://a/x # the first":      "http://a/x",
		"http://a/x\t#the first":      "http://a/x",
		"http://a/x #":                "http://a/x",
		"http://a/x#part":             "http://a/x#part",
		"http://a/x#part # and more":  "http://a/x#part",
		"http://a/#":                  "http://a/#",
		"# http://a/x":                "",
		"  # http://a/x":              "",
		"#":                           "",
		"":                            "",
		" \t http://a/x?q=%23 \t # a": "http://a/x?q=%23",
	} {
		got, err := parseList(strings.NewReader(line + "\r\n"))
		require.NoError(t, err)
		require.Equal(t, want, strings.Join(got, "|"), line)
	}
	got, err := parseList(strings.NewReader("\ufeff# first\n\ufeffhttp://a/x # second\nhttp://a/y"))
	require.NoError(t, err)
	require.Equal(t, []string{"http://a/x", "http://a/y"}, got)
}
