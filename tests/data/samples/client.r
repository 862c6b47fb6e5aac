limit <- 3
send <- function(client, path) {
  paste(path)
}
add = function(a, b) a + b
