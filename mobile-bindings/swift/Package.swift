// swift-tools-version:5.9
// The notebook for iOS and macOS apps. `./generate` writes Sources/Xuncha/Generated and Sources/XunchaFFI;
// `./xcframework` builds the library. See ../README.md.
import PackageDescription

let package = Package(
    name: "Xuncha",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Xuncha", targets: ["Xuncha"])],
    targets: [
        .binaryTarget(name: "XunchaFFI", path: "XunchaFFI.xcframework"),
        .target(name: "Xuncha", dependencies: ["XunchaFFI"], path: "Sources/Xuncha"),
    ]
)
