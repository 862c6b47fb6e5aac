defmodule Net.Client do
  @moduledoc "Sends requests."

  @default_timeout 5

  defstruct [:base]

  @doc "Makes a client."
  @spec new(String.t()) :: t()
  def new(base) do
    %__MODULE__{base: base}
  end

  def send(client, path) when is_binary(path), do: client.base <> path

  defp log(message) do
    IO.puts(message)
  end

  defmacro retry(block) do
    quote do: unquote(block)
  end

  def ready?, do: true
end

defprotocol Net.Transport do
  def deliver(transport, path)
end

defimpl Net.Transport, for: Net.Client do
  def deliver(client, path), do: Net.Client.send(client, path)
end
