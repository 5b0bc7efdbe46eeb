package db

import "sync"

var (
	statementsMu sync.Mutex
	statements   []string
)

// SQL registers a statement's text and returns it. A test prepares every registered statement on both databases.
func SQL(text string) string {
	statementsMu.Lock()
	defer statementsMu.Unlock()
	statements = append(statements, text)
	return text
}

// Statements returns the text of every registered statement.
func Statements() []string {
	statementsMu.Lock()
	defer statementsMu.Unlock()
	return append([]string(nil), statements...)
}
