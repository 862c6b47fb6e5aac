resource "aws_instance" "web" {
  ami = "x"
}
variable "region" {}
locals { a = 1 }
