@interface Client : NSObject
- (void)send:(NSString *)path;
@end
@implementation Client
- (void)send:(NSString *)path { }
@end
int main() { return 0; }
