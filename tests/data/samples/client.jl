module Net
const LIMIT = 3
struct Client
  base::String
end
abstract type T end
function send(c::Client, p)
  p
end
add(a, b) = a + b
macro retry(x)
end
end
