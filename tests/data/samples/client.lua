local http = require("http")

local M = {}

local DEFAULT_TIMEOUT = 5

--- Makes a client.
function M.new(base)
  return setmetatable({ base = base }, { __index = M })
end

function M:send(path)
  return http.get(self.base .. path)
end

function M.pool.size()
  return 1
end

local function helper(value)
  return value
end

M.close = function(self)
  self.base = nil
end

local open = function()
  return true
end

return M
