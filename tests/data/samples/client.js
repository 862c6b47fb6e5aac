import http from "node:http";

const DEFAULT_TIMEOUT = 5;

/** Adds two numbers. */
export function add(a, b) {
  return a + b;
}

export const multiply = (a, b) => a * b;

const legacy = function (value) {
  return value;
};

export class Client {
  #base;

  constructor(base) {
    this.#base = base;
  }

  static create() {
    return new Client("");
  }

  onError = (error) => {
    throw error;
  };
}

Client.prototype.send = function send(path) {
  return http.get(path);
};

exports.close = function () {};

module.exports = {
  open() {
    return 1;
  },
};
