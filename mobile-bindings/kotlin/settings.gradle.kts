// The packages for Android and the JVM, and the samples. See ../README.md for what was built where.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "xuncha"
include(":notebook", ":android", ":console", ":sample")
