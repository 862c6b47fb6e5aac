package Net::Client;
use strict;
our $LIMIT = 3;
sub send {
  my ($self) = @_;
  return 1;
}
1;
