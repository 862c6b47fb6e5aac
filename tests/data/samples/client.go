package client

import "net/http"

const DefaultTimeout = 5

const (
	StateOpen = iota
	StateClosed
)

var registry = map[string]*Client{}

// Transport sends requests.
type Transport interface {
	Send(path string) error
}

type Client struct {
	base string
}

type (
	Handler func(string)
	Option  func(*Client)
)

// New makes a client.
func New(base string) *Client {
	return &Client{base: base}
}

// Send sends a request.
func (c *Client) Send(path string) error {
	_, err := http.Get(c.base + path)
	return err
}

func (p Pool[T]) Close() {}
