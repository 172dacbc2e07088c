// cn.xuncha:android, an AAR with the library for four ABIs, the key in Android's Keystore and the sync worker.
plugins {
    id("com.android.library")
    `maven-publish`
}

android {
    namespace = "xuncha.android"
    compileSdk = 36
    // java.time without desugaring, and StrongBox.
    defaultConfig {
        minSdk = 28
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64", "x86") }
    }
    // Filled by ../aar.
    sourceSets["main"].jniLibs.srcDir("build/jniLibs")
    publishing { singleVariant("release") }
}

dependencies {
    api(project(":notebook"))
    implementation("net.java.dev.jna:jna:5.13.0@aar")
    implementation("androidx.work:work-runtime-ktx:2.10.0")
}

publishing {
    publications.register<MavenPublication>("release") {
        artifactId = "android"
        afterEvaluate { from(components["release"]) }
    }
}
