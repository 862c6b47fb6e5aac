<?php

namespace Example\Net;

use Example\Base;

const DEFAULT_TIMEOUT = 5;

/**
 * Sends requests.
 */
final class Client extends Base implements Transport
{
    public const LIMIT = 10;

    public function __construct(private string $base)
    {
    }

    #[Pure]
    public function send(string $path): string
    {
        return $this->base . $path;
    }
}

interface Transport
{
    public function send(string $path): string;
}

trait Logs
{
    protected function log(): void
    {
    }
}

enum State: string
{
    case Open = 'open';
}

function main(): void
{
    echo 1;
}
