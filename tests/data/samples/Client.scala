package com.example

import scala.util.Try

/** Sends requests. */
class Client(base: String) extends Transport {
  val timeout = 5

  override def send(path: String): String = {
    base + path
  }
}

object Client {
  val DefaultTimeout = 5

  def apply(base: String): Client = new Client(base)
}

trait Transport {
  def send(path: String): String
}

case class Point(x: Int, y: Int)

type Handler = String => Unit
