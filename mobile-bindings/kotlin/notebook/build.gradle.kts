// cn.xuncha:notebook, the layer below Android's own: generated classes, flows, words. Runs on any JVM from 17 on.
plugins {
    kotlin("jvm")
    `java-library`
    `maven-publish`
}

kotlin {
    jvmToolchain(17)
    sourceSets["main"].kotlin.srcDir(layout.buildDirectory.dir("generated"))
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.8.0")
    // On Android the AAR of the same version, which :android names, takes its place.
    compileOnly("net.java.dev.jna:jna:5.13.0")
}

/** Writes the generated classes; `../generate` builds the library for this machine first. */
val generate by tasks.registering(Exec::class) {
    commandLine("../generate", layout.buildDirectory.dir("generated").get().asFile.path)
    inputs.dir("../../src")
    outputs.dir(layout.buildDirectory.dir("generated"))
}

tasks.named("compileKotlin") { dependsOn(generate) }

publishing {
    publications.create<MavenPublication>("notebook") { from(components["java"]) }
}
