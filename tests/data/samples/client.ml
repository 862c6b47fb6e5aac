module Net = struct
  type t = { base : string }
  let send c p = p
end
let limit = 3
let rec add a b = a + b
exception Foo
class point = object method x = 1 end
