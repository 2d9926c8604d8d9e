package main

import (
	"fmt"
	"strings"
	"unicode"
)

// This file reads statements as far as a database must before it can say what is wrong with them.

// sqlToken is a word, a text in quotes, or a sign.
type sqlToken struct {
	text   string
	isText bool
}

// sqlTokens takes a statement apart. Whether a backslash in a text means the character after it depends on the engine.
func sqlTokens(statement string, hasBackslash bool) ([]sqlToken, error) {
	var tokens []sqlToken
	runes := []rune(strings.TrimSuffix(strings.TrimSpace(statement), ";"))
	for at := 0; at < len(runes); {
		switch one := runes[at]; {
		case unicode.IsSpace(one):
			at++
		case one == '\'':
			text, end := quoted(runes, at, hasBackslash)
			if end < 0 {
				return nil, fmt.Errorf("unterminated quoted string at or near \"%s\"", string(runes[at:]))
			}
			tokens = append(tokens, sqlToken{text: text, isText: true})
			at = end
		case one == '_' || unicode.IsLetter(one):
			end := at
			for end < len(runes) && (runes[end] == '_' || runes[end] == '$' || unicode.IsLetter(runes[end]) || unicode.IsDigit(runes[end])) {
				end++
			}
			tokens = append(tokens, sqlToken{text: string(runes[at:end])})
			at = end
		default:
			tokens = append(tokens, sqlToken{text: string(one)})
			at++
		}
	}
	if tokens == nil {
		return nil, fmt.Errorf("empty statement")
	}
	return tokens, nil
}

// quoted reads the text whose first quote is at start, and says where it ends; negative when it does not.
func quoted(runes []rune, start int, hasBackslash bool) (string, int) {
	var text strings.Builder
	for at := start + 1; at < len(runes); at++ {
		switch {
		case hasBackslash && runes[at] == '\\' && at+1 < len(runes):
			at++
			text.WriteRune(runes[at])
		case runes[at] == '\'' && at+1 < len(runes) && runes[at+1] == '\'':
			at++
			text.WriteRune('\'')
		case runes[at] == '\'':
			return text.String(), at + 1
		default:
			text.WriteRune(runes[at])
		}
	}
	return "", -1
}

// matches is whether the tokens are those of a form. In a form "$" is a name, which counts in lower case, and "'" a text;
// both are put into the places.
func matches(tokens []sqlToken, form string, places ...*string) bool {
	words := strings.Fields(form)
	if len(words) != len(tokens) {
		return false
	}
	var found []string
	for index, word := range words {
		token := tokens[index]
		switch {
		case word == "$" && !token.isText:
			found = append(found, strings.ToLower(token.text))
		case word == "'" && token.isText:
			found = append(found, token.text)
		case word == "$" || word == "'" || token.isText || !strings.EqualFold(word, token.text):
			return false
		}
	}
	for index, text := range found {
		*places[index] = text
	}
	return true
}
