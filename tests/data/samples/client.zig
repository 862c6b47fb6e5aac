const std = @import("std");
pub const Client = struct {
    base: []const u8,
    pub fn send(self: *Client) void { _ = self; }
};
fn main() void {}
test "adds" { }
