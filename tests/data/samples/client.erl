-module(client).
-record(state, {a}).
send(A) -> A.
