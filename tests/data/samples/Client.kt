package com.example

const val DEFAULT_TIMEOUT = 5

/** Sends requests. */
class Client(private val base: String) : Transport {
    override fun send(path: String): String {
        return base + path
    }

    companion object {
        fun create(): Client = Client("")
    }
}

interface Transport {
    fun send(path: String): String
}

enum class State { OPEN, CLOSED }

data class Point(val x: Int, val y: Int)

object Registry {
    fun clear() {}
}

typealias Handler = (String) -> Unit

fun String.shout(): String = uppercase()

fun main() {
    println(1)
}
