using System;

namespace Example.Net
{
    /// <summary>Sends requests.</summary>
    public class Client : ITransport
    {
        private const int DefaultTimeout = 5;

        public string Base { get; set; }

        public Client(string baseUrl)
        {
            Base = baseUrl;
        }

        [Obsolete]
        public string Send(string path)
        {
            string Join(string a) => a + path;
            return Join(Base);
        }
    }

    public interface ITransport
    {
        string Send(string path);
    }

    public struct Point { public int X; }

    public enum State { Open, Closed }

    public record User(string Name);

    public delegate void Handler(string path);
}
