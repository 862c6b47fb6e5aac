LIMIT = 3

def client_library(name, deps = []):
    native.filegroup(
        name = name,
        srcs = deps,
    )
