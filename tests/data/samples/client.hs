module Net.Client where
import Data.List
data State = Open | Closed deriving Show
newtype Wrap a = Wrap a
type Handler = String -> IO ()
class Transport a where
  send :: a -> String
instance Transport State where
  send _ = "x"
limit :: Int
limit = 3
add :: Int -> Int -> Int
add 0 b = b
add a b = a + b
