#include <stdio.h>

#define MAX_RETRIES 3
#define MIN(a, b) ((a) < (b) ? (a) : (b))

static const int default_timeout = 5;

typedef struct {
    int fd;
} socket_t;

struct client {
    socket_t socket;
};

enum state { OPEN, CLOSED };

union value {
    int i;
    float f;
};

typedef int (*handler_t)(const char *);

/* Opens a client. */
static struct client *client_open(const char *base)
{
    return NULL;
}

int client_send(struct client *self, const char *path)
{
    return printf("%s\n", path);
}

void client_close(struct client *self);
