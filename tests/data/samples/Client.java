package com.example;

import java.util.List;

/** Sends requests. */
public class Client extends Base implements Transport {
    static final int DEFAULT_TIMEOUT = 5;

    private final String base;

    public Client(String base) {
        this.base = base;
    }

    @Override
    public String send(String path) {
        return base + path;
    }

    static class Builder {
        Client build() {
            return new Client("");
        }
    }
}

interface Transport {
    String send(String path);
}

enum State {
    OPEN,
    CLOSED;

    boolean isOpen() {
        return this == OPEN;
    }
}

record Point(int x, int y) {}

@interface Logged {}
