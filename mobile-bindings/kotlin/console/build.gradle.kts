// An inspector's day on a JVM.
plugins {
    kotlin("jvm")
    application
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(project(":notebook"))
    implementation("net.java.dev.jna:jna:5.13.0")
}

application { mainClass = "ConsoleKt" }
